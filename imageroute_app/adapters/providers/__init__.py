"""Image providers: one module and one dated catalogue each, and their registry."""
