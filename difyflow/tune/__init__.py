"""Fine-tuning: a checked corpus to a job, the job to a service, its models side by side.

`prepare` writes the folder of a job; `jobs` submits it where a service has an API; `watch` follows it;
`adopt` takes the name of a model that a console shows; `compare` asks several models the same questions.
"""
