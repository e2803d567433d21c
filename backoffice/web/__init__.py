"""The live page of the plaza (giám sát trạm): router, views, events and the files that a browser loads.

In: a `LiveView`. Out: HTML, JSON and server-sent events. Everything that a page shows as text is escaped; no file
comes from anywhere but this folder.
"""
