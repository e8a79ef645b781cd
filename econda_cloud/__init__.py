"""The system without a cloud: engine, broker, money, worker, ports, command line."""
