"""Airflow files."""
