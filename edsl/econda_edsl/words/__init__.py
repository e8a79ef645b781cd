"""What every program knows without declaring it, and what its words mean."""
