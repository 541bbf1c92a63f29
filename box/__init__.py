"""What Rasa itself loads: the one door into it, and its memory. Nothing here sees a word that anyone said."""
