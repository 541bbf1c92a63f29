"""An enquiry for other software: a FHIR R4 bundle, or JSON Lines. Words leave exactly as they were said, or not at all.

Whatever says how somebody can be reached, practitioners' own notes, and words that were taken back are in neither.
"""
