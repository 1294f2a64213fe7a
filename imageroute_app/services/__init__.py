"""What the app does: async verbs over ports, one module per subject."""
