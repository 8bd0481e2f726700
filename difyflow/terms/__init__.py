"""Small frozen values in Dify's own words."""
