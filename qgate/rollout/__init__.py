"""Decision to rollback instructions, rehearsals of remedies, and incidents."""
