"""What answers amount to: points, activity, reports."""
