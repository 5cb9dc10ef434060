"""From files in the inbox to readings in the store."""
