"""Carries out journalled decisions on Discord and records their outcomes."""
