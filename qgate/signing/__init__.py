"""Keys, signers, envelopes and statements: who said what, provable offline."""
