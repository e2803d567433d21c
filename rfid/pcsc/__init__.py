"""Contactless cards over PC/SC: who taps a card at the lane's reader, and whether the card could prove it."""
