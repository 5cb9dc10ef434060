"""From a forecast to a published pump plan with its reasons."""
