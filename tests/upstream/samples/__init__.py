"""Code samples: each is run against a server that keeps what it is sent."""
