"""How good the classifier is, on texts that training has not seen."""
