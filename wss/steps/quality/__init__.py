"""Which readings are doubtful, by rules that need more than one file or sensor."""
