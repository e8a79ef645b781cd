"""The one style of EDSL: a formatter over the concrete text that keeps every comment and every code body."""
