"""What can be learnt, one file a task: its columns, its tokens, its batches, its metrics, its mistakes."""
