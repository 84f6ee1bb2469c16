"""Cloud SQL, as far as the stand-in has it: instances as records, and the MySQL server behind each."""
