"""LLRP 1.0.1: how the lane talks to UHF readers.

Reading order: `fields` and `layout` (bytes ↔ values), `element` (what a parameter and a message are), `parameters` and
`messages` (the standard as data), `codec` and `framing` (frames), `report` (tag reports → observations), `session` (the
conversation, without I/O), `client` (asyncio around it). rfid/README.md teaches the protocol in one page.
"""
