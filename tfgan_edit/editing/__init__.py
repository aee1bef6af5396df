"""Edits of photos and latents, and what finds and measures them; nothing is trained here."""
