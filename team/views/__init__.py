"""Settings pages: providers, team, profile."""
