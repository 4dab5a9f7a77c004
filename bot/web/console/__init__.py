"""The console: pages for managers, behind the sign-in. A file per noun, and what pages share beside them."""
