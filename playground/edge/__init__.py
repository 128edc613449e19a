"""What happens to a connection before Django sees it: plain ASGI, no thread, no database."""
