"""Start-up of the real servers that tests talk to (PostgreSQL, Redis), before Django reads its settings."""
