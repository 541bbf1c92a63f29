"""Pages: what a person sees and presses. Handlers read the request, call one verb of the use cases, and answer."""
