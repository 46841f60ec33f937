// SPDX-License-Identifier: GPL-2.0-or-later
/* Dictionaries of owner "ETSI" (TS 103 120 v1.23.1), and ISO 3166-1. Nothing here but data. */
#include "etsi.h"

/**
 * struct dictionary - a dictionary of ETSI's
 * @name:   of it
 * @values: end with NULL
 */
struct dictionary {
	const char		*name;
	const char *const	*values;
};

#define VALUES(...)	((const char *const []){ __VA_ARGS__, NULL })

static const struct dictionary dictionaries[] = {
	{ "AuthorisationStatus", VALUES("AwaitingApproval", "EmergencyApproval", "Approved",
		"Rejected", "Suspended", "Cancelled", "Expired", "Invalid", "CreatingForCSP",
		"SubmittedToCSP", "AwaitingUpdateApproval") },
	{ "AuthorisationDesiredStatus", VALUES("AwaitingApproval", "EmergencyApproval", "Approved",
		"Rejected", "Suspended", "Cancelled", "Expired", "CreatingForCSP",
		"SubmittedToCSP") },
	{ "AuthorisationLegalType", VALUES("Manual") },
	{ "AuthorisationPriority", VALUES("High", "Routine") },
	{ "AuthorisationFlag", VALUES("IsEmergency", "IsConsensual", "IsTest", "IsDataAvailable") },
	{ "AuthorisationTypeOfCase", VALUES("ChildExploitationOrChildSexualAbuse", "Corruption",
		"Cybercrime", "Defamation", "DrugsOrDrugTrafficking",
		"HarassmentOrThreatToPersonalSafety", "HateSpeech", "HumanTrafficking",
		"MissingPerson", "MoneyLaundering", "OtherFinancialCrimeOrFraud",
		"SexualAbuseOrExploitation", "Theft", "TerrorismOrThreatToPublicSafety",
		"ViolenceOrCrimeAgainstAPerson", "Other", "NotSpecified") },
	{ "DocumentStatus", VALUES("AwaitingApproval", "Approved", "Rejected", "Suspended",
		"Cancelled", "Expired", "Invalid") },
	{ "DocumentDesiredStatus", VALUES("AwaitingApproval", "Approved", "Rejected", "Suspended",
		"Cancelled", "Expired") },
	{ "DocumentType", VALUES("Warrant", "TakedownRefinement") },
	{ "TaskStatus", VALUES("AwaitingApproval", "AwaitingProvisioning", "Active", "Rejected",
		"Suspended", "Cancelled", "Expired", "Error", "Invalid") },
	{ "TaskDesiredStatus", VALUES("AwaitingApproval", "AwaitingProvisioning", "Active",
		"Rejected", "Suspended", "Cancelled", "Expired") },
	{ "TaskDeliveryType", VALUES("IRIOnly", "CCOnly", "IRIandCC") },
	{ "TaskFlag", VALUES("IsTest", "IsEmergency", "IsNonLocal", "IsLocal") },
	{ "HandoverFormat", VALUES("TS102232-2", "TS102232-3", "TS102232-4", "TS102232-5",
		"TS102232-6", "TS102232-7", "TS103707", "TS103976") },
	{ "ObjectType", VALUES("Authorisation", "Document", "Notification", "Task", "LDTask",
		"LPTask", "Delivery") },
};

const char *const *lib_etsi_dictionary(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dictionaries); i++)
		if (!strcmp(dictionaries[i].name, name))
			return dictionaries[i].values;
	return NULL;
}

/*
 * All that ISO 3166-1 has assigned, and three that it has not: XX is ETSI's for tests, EU is
 * reserved for the Union, and XK is what is used for Kosovo.
 */
static const char *const countries[] = {
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN",
	"BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ",
	"DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL",
	"GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM",
	"JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME",
	"MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP",
	"NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD",
	"SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO",
	"TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW EU XK XX",
};

bool lib_etsi_is_country(const char *code)
{
	const char *c;
	size_t i;

	if (strlen(code) != 2)
		return false;
	for (i = 0; i < ARRAY_SIZE(countries); i++)
		for (c = countries[i]; strlen(c) >= 2; c += c[2] ? 3 : 2)
			if (!memcmp(c, code, 2))
				return true;
	return false;
}
