"""Pure: which files are complete, what they say, which sensors they mean, which readings are doubtful."""
