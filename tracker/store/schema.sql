-- Generated from models.py by `python -m tracker.store.schema`.

CREATE TABLE attempt (
  run VARCHAR NOT NULL,
  "plan" VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  log VARCHAR NOT NULL,
  implement_seconds FLOAT NOT NULL,
  verify_seconds FLOAT NOT NULL,
  "commit" VARCHAR NOT NULL,
  PRIMARY KEY (run, "plan")
);

CREATE TABLE cached_file (
  path VARCHAR NOT NULL,
  "key" VARCHAR NOT NULL,
  data VARCHAR NOT NULL,
  PRIMARY KEY (path)
);

CREATE TABLE cached_snapshot (
  id INTEGER NOT NULL,
  codebase VARCHAR NOT NULL,
  "key" VARCHAR NOT NULL,
  data VARCHAR NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE completion (
  "plan" VARCHAR NOT NULL,
  event VARCHAR NOT NULL,
  time VARCHAR NOT NULL,
  actor VARCHAR NOT NULL,
  how VARCHAR NOT NULL,
  run VARCHAR NOT NULL,
  PRIMARY KEY ("plan")
);

CREATE TABLE evidence (
  event VARCHAR NOT NULL,
  check_id VARCHAR NOT NULL,
  tree VARCHAR NOT NULL,
  time VARCHAR NOT NULL,
  outcome VARCHAR NOT NULL,
  PRIMARY KEY (event, check_id)
);

CREATE INDEX ix_evidence_check_id ON evidence (check_id);

CREATE TABLE link (
  "commit" VARCHAR NOT NULL,
  "plan" VARCHAR NOT NULL,
  source VARCHAR NOT NULL,
  date VARCHAR NOT NULL,
  subject VARCHAR NOT NULL,
  PRIMARY KEY ("commit", "plan")
);

CREATE INDEX ix_link_plan ON link ("plan");

CREATE TABLE phase (
  number VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE "plan" (
  ref VARCHAR NOT NULL,
  phase VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  slug VARCHAR NOT NULL,
  path VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  proof VARCHAR NOT NULL,
  PRIMARY KEY (ref)
);

CREATE INDEX ix_plan_phase ON "plan" (phase);

CREATE INDEX ix_plan_status ON "plan" (status);

CREATE TABLE run (
  id VARCHAR NOT NULL,
  started VARCHAR NOT NULL,
  finished VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  pid INTEGER NOT NULL,
  plans VARCHAR NOT NULL,
  jobs INTEGER NOT NULL,
  seconds FLOAT NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE score_point (
  time VARCHAR NOT NULL,
  points FLOAT NOT NULL,
  PRIMARY KEY (time)
);

PRAGMA user_version = 1;
