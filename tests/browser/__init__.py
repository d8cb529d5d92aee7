"""A package, so that scope="package" ends with this folder: Playwright's event loop must not outlive it."""
