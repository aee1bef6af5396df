"""Files of others, read without executing anything in them, as networks of ours and back."""
