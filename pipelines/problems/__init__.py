"""Problems: what is wrong with the installation: found here, sent once as an alert, and once more when it is solved."""
