"""The queue, the executor and the supervising thread: who trains what, when and where. No torch."""
