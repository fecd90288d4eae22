"""The page of one case: what the docket says in words, and forms by the path of what they become."""
