"""What the pages are made of; the only package code that imports streamlit."""
