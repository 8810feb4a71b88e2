/* SPDX-License-Identifier: MIT */
/* The interface's definition, taken in as the file is, and a NUL. */
#include "kmsagent/agent/agent.h"

__asm__(".pushsection .rodata\n"
	".globl agent_idl\n"
	".hidden agent_idl\n"
	".type agent_idl, @object\n"
	"agent_idl:\n"
	".incbin \"kmsagent/agent/io.kmsagent.Agent.varlink\"\n"
	".byte 0\n"
	".size agent_idl, . - agent_idl\n"
	".popsection\n");
