"""Decision to rollback instructions."""
