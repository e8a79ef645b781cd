"""What imported CWL tools are run with: these files go beside the program, and import nothing of econda."""
