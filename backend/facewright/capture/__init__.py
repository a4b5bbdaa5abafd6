"""Portrait -> Subject: landmarks, fitting, gaze, light, photo texture."""
