"""One module per pool kind or cloud service; an adapter never decides."""
