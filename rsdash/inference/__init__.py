"""Using trained models: the predictor, and the service that runs it outside of the server's process."""
