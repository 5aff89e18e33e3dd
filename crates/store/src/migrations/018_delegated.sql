-- Tokens of agents that were had for a person's token: for whom the agent acts with it, on which
-- task, and from which credentials it follows.
ALTER TABLE credentials ADD COLUMN acts_for TEXT;
ALTER TABLE credentials ADD COLUMN task TEXT;
ALTER TABLE credentials ADD COLUMN subject TEXT;
ALTER TABLE credentials ADD COLUMN actor TEXT;
