"""The web console on starlette-admin: pages, forms and lists in the API's process, by session instead of token."""
