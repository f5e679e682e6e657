"""What is held on one pupil: all of it as files for whoever asks (`access`), and on one page for a family (`sheet`)."""
