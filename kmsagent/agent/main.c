/* SPDX-License-Identifier: MIT */
/* kmsagentd: the keyholder, or, with --as, one of its children. */
#include "kmsagent/agent/daemon.h"

int main(int argc, char *argv[])
{
	return agent_main(argc, argv);
}
