"""Whether a candidate is still accurate enough, from as little computing as that takes."""
