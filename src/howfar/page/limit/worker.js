// A member of a team that is not the page. It says that it is there, and then only does what it is told.

import { programOf } from './programs.js';
import { joinTeam, obey } from './team.js';

self.onmessage = async ({ data: { module, memory, me, count } }) => {
  const member = await joinTeam(module, memory, me, count);
  postMessage('ready');
  obey(member, programOf);
};
