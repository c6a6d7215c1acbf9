"""The application: one module per step of the job, the store, the papers, the composition root."""
