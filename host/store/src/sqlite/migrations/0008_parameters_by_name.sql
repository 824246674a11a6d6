-- What waits for approval says what becomes of the parameters, where it said what all of them are, or nothing.
UPDATE pending SET parameters =
  CASE WHEN parameters IS NULL THEN '"stay"' ELSE json_object('all', json(parameters)) END;
