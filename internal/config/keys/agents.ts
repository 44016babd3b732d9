import { bool, int, list, retired, text, uint } from './key.ts';

export const AGENTS = {
  ServeAgentsHttp: bool(false, 'Opened a listener for agents.', retired),
  AgentsServerPort: text(':3001', 'Its address.', retired),
  AgentsUseSSL: bool(false, 'HTTPS on it.', retired),
  AgentsUseMutualTLS: bool(false, 'Client certificates on it.', retired),
  AgentSSLSkipVerify: bool(false, 'Took any certificate of an agent.', retired),
  AgentSSLPrivateKeyFile: text('', 'Key of that listener.', retired),
  AgentSSLCertFile: text('', 'Certificate of that listener.', retired),
  AgentSSLCAFile: text('', 'Who signed certificates of agents.', retired),
  AgentSSLValidOUs: list([], 'Organisational units of agents.', retired),
  AgentPollMinutes: uint(60, 'Period of asking agents.', { ...retired, unit: 'min' }),
  UnseenAgentForgetHours: uint(6, 'Age at which a silent agent was forgotten.', { ...retired, unit: 'h' }),
  StaleSeedFailMinutes: uint(60, 'When copying without progress was given up.', { ...retired, unit: 'min' }),
  SeedAcceptableBytesDiff: int(8192, 'How far off a copy might be.', { ...retired, unit: 'bytes' }),
  SeedWaitSecondsBeforeSend: int(2, 'Pause before a copy was sent.', { ...retired, unit: 's' }),
};
