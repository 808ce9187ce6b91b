"""What a user may do, and what they hold in person: given and taken on their record."""
