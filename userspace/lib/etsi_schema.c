// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which members what has: the schemas of TS 103 120 v1.23.1 as far as a warrant reaches, and case
 * metadata. Nothing here but data.
 */
#include "etsi.h"

/* Name, namespace, type; flags and what the type is of, where there are any. */
#define MEMBER(name_, ns_, type_, ...) \
	{ .name = (name_), .ns = (ns_), .type = ETSI_##type_, ##__VA_ARGS__ }

#define CORE(name, type, ...)	MEMBER(name, ETSI_CORE, type, ##__VA_ARGS__)
#define COMMON(name, type, ...)	MEMBER(name, ETSI_COMMON, type, ##__VA_ARGS__)
#define AUTH(name, type, ...)	MEMBER(name, ETSI_AUTH, type, ##__VA_ARGS__)
#define TASK(name, type, ...)	MEMBER(name, ETSI_TASK, type, ##__VA_ARGS__)
#define DOC(name, type, ...)	MEMBER(name, ETSI_DOC, type, ##__VA_ARGS__)
#define OURS(name, type, ...)	MEMBER(name, ETSI_OURS, type, ##__VA_ARGS__)
#define END				{ .name = NULL }
#define EXTENDS(base)			{ .name = NULL, .of = (base) }

/* ---- core and common ---- */

static const struct lib_etsi_member associated[] = {
	CORE("AssociatedObject", UUID, ETSI_MANY),
	END
};

static const struct lib_etsi_member endpoint[] = {
	CORE("CountryCode", COUNTRY, ETSI_NEEDED),
	CORE("UniqueIdentifier", LONG, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member unsuccessful[] = {
	CORE("ErrorCode", NUMBER, ETSI_NEEDED),
	CORE("ErrorDescription", LONG, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member version[] = {
	CORE("ETSIVersion", VERSION, ETSI_NEEDED),
	CORE("NationalProfileOwner", SHORT, ETSI_NEEDED),
	CORE("NationalProfileVersion", SHORT, ETSI_NEEDED),
	END
};

const struct lib_etsi_member lib_etsi_header[] = {
	CORE("SenderIdentifier", OBJECT, ETSI_NEEDED, endpoint),
	CORE("ReceiverIdentifier", OBJECT, ETSI_NEEDED, endpoint),
	CORE("TransactionIdentifier", UUID, ETSI_NEEDED),
	CORE("Timestamp", MICROTIME, ETSI_NEEDED),
	CORE("Version", OBJECT, ETSI_NEEDED, version),
	CORE("WorkflowIdentifier", LONG),
	END
};

const struct lib_etsi_member lib_etsi_entry[] = {
	COMMON("Owner", SHORT, ETSI_NEEDED),
	COMMON("Name", SHORT, ETSI_NEEDED),
	COMMON("Value", SHORT, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member language[] = {
	COMMON("ISO639Set1LanguageIdentifier", SHORT),
	END
};

static const struct lib_etsi_member contact[] = {
	COMMON("Name", LONG),
	COMMON("Role", LONG),
	COMMON("EmailAddress", SHORT),
	COMMON("PhoneNumber", SHORT),
	COMMON("FaxNumber", SHORT),
	COMMON("Address", LONG),
	COMMON("Languages", OBJECT, ETSI_MANY, language),
	COMMON("ApproverAlternateName", LONG),
	COMMON("ApproverEmailAddress", SHORT),
	COMMON("ApproverPhoneNumber", SHORT),
	END
};

static const struct lib_etsi_member identity[] = {
	COMMON("NationalApproverIdentity", NATIONAL),
	END
};

static const struct lib_etsi_member approver[] = {
	COMMON("ApproverName", LONG),
	COMMON("ApproverRole", LONG),
	COMMON("ApproverIdentity", OBJECT, 0, identity),
	COMMON("ApproverContactDetails", OBJECT, ETSI_MANY, contact),
	END
};

static const struct lib_etsi_member signature[] = {
	COMMON("NationalDigitalSignature", NATIONAL),
	END
};

static const struct lib_etsi_member approval[] = {
	COMMON("ApprovalType", LONG),
	COMMON("ApprovalDescription", LONG),
	COMMON("ApprovalReference", LONG),
	COMMON("ApproverDetails", OBJECT, 0, approver),
	COMMON("ApprovalTimestamp", TIME),
	COMMON("ApprovalIsEmergency", BOOL),
	COMMON("ApprovalDigitalSignature", OBJECT, 0, signature),
	COMMON("ApprovalNationalDetails", NATIONAL),
	END
};

/* What every object of HI-1 has. */
static const struct lib_etsi_member hi1_object[] = {
	CORE("ObjectIdentifier", UUID, ETSI_NEEDED),
	CORE("CountryCode", COUNTRY),
	CORE("OwnerIdentifier", SHORT),
	CORE("Generation", NUMBER),
	CORE("ExternalIdentifier", LONG),
	CORE("AssociatedObjects", OBJECT, 0, associated),
	CORE("LastChanged", TIME),
	CORE("NationalHandlingParameters", NATIONAL),
	END
};

/* ---- authorisation ---- */

static const struct lib_etsi_member auth_timespan[] = {
	AUTH("StartTime", TIME),
	AUTH("EndTime", TIME),
	END
};

static const struct lib_etsi_member auth_csp[] = {
	AUTH("CSPID", OBJECT, ETSI_MANY, endpoint),
	END
};

static const struct lib_etsi_member auth_flags[] = {
	AUTH("AuthorisationFlag", DICTIONARY, ETSI_MANY, "AuthorisationFlag"),
	END
};

const struct lib_etsi_member lib_etsi_authorisation[] = {
	AUTH("AuthorisationReference", REFERENCE),
	AUTH("AuthorisationLegalType", DICTIONARY, 0, "AuthorisationLegalType"),
	AUTH("AuthorisationPriority", DICTIONARY, 0, "AuthorisationPriority"),
	AUTH("AuthorisationStatus", DICTIONARY, 0, "AuthorisationStatus"),
	AUTH("AuthorisationDesiredStatus", DICTIONARY, 0, "AuthorisationDesiredStatus"),
	AUTH("AuthorisationTimespan", OBJECT, 0, auth_timespan),
	AUTH("AuthorisationCSPID", OBJECT, 0, auth_csp),
	AUTH("AuthorisationCreationTimestamp", TIME),
	AUTH("AuthorisationServedTimestamp", TIME),
	AUTH("AuthorisationTerminationTimestamp", TIME),
	AUTH("AuthorisationApprovalDetails", OBJECT, ETSI_MANY, approval),
	AUTH("AuthorisationInvalidReason", OBJECT, 0, unsuccessful),
	AUTH("AuthorisationFlags", OBJECT, 0, auth_flags),
	AUTH("AuthorisationManualInformation", LONG),
	AUTH("NationalAuthorisationParameters", NATIONAL),
	AUTH("AuthorisationJurisdiction", LONG),
	AUTH("AuthorisationTypeOfCase", DICTIONARY, 0, "AuthorisationTypeOfCase"),
	AUTH("AuthorisationLegalEntity", SHORT),
	EXTENDS(hi1_object)
};

/* ---- task ---- */

static const struct lib_etsi_member task_timespan[] = {
	TASK("StartTime", TIME),
	TASK("EndTime", TIME),
	TASK("TerminationTime", TIME),
	TASK("ProvisioningTime", TIME),
	TASK("DeprovisioningTime", TIME),
	END
};

static const struct lib_etsi_member format_type[] = {
	TASK("FormatOwner", SHORT, ETSI_NEEDED),
	TASK("FormatName", SHORT, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member target_value[] = {
	TASK("FormatType", OBJECT, ETSI_NEEDED, format_type),
	TASK("Value", LONG, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member target_values[] = {
	TASK("TargetIdentifierValue", OBJECT, ETSI_MANY | ETSI_NEEDED, target_value),
	END
};

static const struct lib_etsi_member target[] = {
	TASK("TargetIdentifierValues", OBJECT, 0, target_values),
	TASK("ServiceType", DICTIONARY),
	TASK("TargetIdentifierSubtype", DICTIONARY),
	END
};

static const struct lib_etsi_member address[] = {
	TASK("IPv4Address", SHORT),
	TASK("IPv6Address", SHORT),
	TASK("IPAddressPort", FREE),
	TASK("IPAddressPortRange", FREE),
	TASK("E164Number", SHORT),
	TASK("FTPAddress", LONG),
	TASK("URL", LONG),
	TASK("FQDN", LONG),
	TASK("EmailAddress", SHORT),
	TASK("EndpointID", OBJECT, 0, endpoint),
	TASK("DeliveryInformationID", LONG),
	END
};

static const struct lib_etsi_member destination[] = {
	TASK("DeliveryAddress", OBJECT, 0, address),
	TASK("DestinationReference", UUID),
	TASK("EncryptionReference", UUID),
	TASK("EncryptionDetails", NATIONAL),
	TASK("IRIorCC", DICTIONARY),
	TASK("HandoverFormat", DICTIONARY, 0, "HandoverFormat"),
	TASK("DeliveryProfile", DICTIONARY),
	TASK("NationalDeliveryParameters", NATIONAL),
	END
};

static const struct lib_etsi_member delivery[] = {
	TASK("DeliveryDestination", OBJECT, ETSI_MANY | ETSI_NEEDED, destination),
	END
};

static const struct lib_etsi_member task_flags[] = {
	TASK("TaskFlag", DICTIONARY, ETSI_MANY, "TaskFlag"),
	END
};

static const struct lib_etsi_member policy[] = {
	TASK("Order", NUMBER),
	TASK("ObjectIdentifier", UUID),
	END
};

static const struct lib_etsi_member traffic_policies[] = {
	TASK("TrafficPolicyReference", OBJECT, ETSI_MANY, policy),
	END
};

static const struct lib_etsi_member iri_policies[] = {
	TASK("IRIPolicyReference", OBJECT, ETSI_MANY, policy),
	END
};

const struct lib_etsi_member lib_etsi_task[] = {
	TASK("Reference", LIID),
	TASK("Status", DICTIONARY, 0, "TaskStatus"),
	TASK("DesiredStatus", DICTIONARY, 0, "TaskDesiredStatus"),
	TASK("Timespan", OBJECT, 0, task_timespan),
	TASK("TargetIdentifier", OBJECT, 0, target),
	TASK("DeliveryType", DICTIONARY, 0, "TaskDeliveryType"),
	TASK("DeliveryDetails", OBJECT, 0, delivery),
	TASK("ApprovalDetails", OBJECT, ETSI_MANY, approval),
	TASK("CSPID", OBJECT, 0, endpoint),
	TASK("HandlingProfile", DICTIONARY),
	TASK("InvalidReason", OBJECT, 0, unsuccessful),
	TASK("Flags", OBJECT, 0, task_flags),
	TASK("NationalLITaskingParameters", NATIONAL),
	TASK("ListOfTrafficPolicyReferences", OBJECT, 0, traffic_policies),
	TASK("ListOfIRIPolicyReferences", OBJECT, 0, iri_policies),
	EXTENDS(hi1_object)
};

/* ---- document ---- */

static const struct lib_etsi_member doc_timespan[] = {
	DOC("StartTime", TIME),
	DOC("EndTime", TIME),
	END
};

static const struct lib_etsi_member doc_property[] = {
	DOC("PropertyType", DICTIONARY, ETSI_NEEDED),
	DOC("PropertyValue", LONG, ETSI_NEEDED),
	END
};

static const struct lib_etsi_member doc_properties[] = {
	DOC("DocumentProperty", OBJECT, ETSI_MANY, doc_property),
	END
};

/* Without Contents: the reader of HI-1 compares them with Checksum, and only that is kept. */
static const struct lib_etsi_member doc_body[] = {
	DOC("ContentType", SHORT),
	DOC("Checksum", SHORT),
	DOC("ChecksumType", SHORT),
	END
};

const struct lib_etsi_member lib_etsi_document[] = {
	DOC("DocumentReference", LONG),
	DOC("DocumentName", LONG),
	DOC("DocumentStatus", DICTIONARY, 0, "DocumentStatus"),
	DOC("DocumentDesiredStatus", DICTIONARY, 0, "DocumentDesiredStatus"),
	DOC("DocumentTimespan", OBJECT, 0, doc_timespan),
	DOC("DocumentType", DICTIONARY, 0, "DocumentType"),
	DOC("DocumentProperties", OBJECT, 0, doc_properties),
	DOC("DocumentBody", OBJECT, 0, doc_body),
	DOC("DocumentSignature", OBJECT, ETSI_MANY, approval),
	DOC("DocumentInvalidReason", OBJECT, 0, unsuccessful),
	DOC("NationalDocumentParameters", NATIONAL),
	EXTENDS(hi1_object)
};

/* ---- a warrant as the registry has it ---- */

static const char *const copies[] = { "original", "custodial", NULL };

const struct lib_etsi_member lib_etsi_warrant[] = {
	AUTH("AuthorisationReference", REFERENCE, ETSI_NEEDED),
	OURS("Copy", WORD, ETSI_NEEDED, copies),
	OURS("Tasks", OBJECT, ETSI_MANY, lib_etsi_task),
	OURS("Documents", OBJECT, ETSI_MANY, lib_etsi_document),
	EXTENDS(lib_etsi_authorisation)
};

/* ---- case metadata ---- */

static const struct lib_etsi_member communication[] = {
	OURS("operatorIdentifier", OCTETS),
	OURS("networkElementIdentifier", OCTETS),
	OURS("deliveryCountryCode", COUNTRY),
	END
};

static const struct lib_etsi_member interception_time[] = {
	OURS("start", ANYTIME, ETSI_NEEDED),
	OURS("end", ANYTIME),
	END
};

static const char *const data_types[] = { "iRI", "cC", "iLHI", NULL };
static const char *const hash_algorithms[] = { "sHA-1", "sHA-256", "sHA-384", "sHA-512", NULL };

const struct lib_etsi_member lib_etsi_integrity[] = {
	OURS("includedSequenceNumbers", SEQUENCE, ETSI_MANY | ETSI_NEEDED),
	OURS("dataType", WORD, 0, data_types),
	OURS("hashAlgorithm", WORD, ETSI_NEEDED, hash_algorithms),
	OURS("checkValue", HEX, ETSI_NEEDED),
	END
};

static const char *const delivery_types[] = { "IRIOnly", "CCOnly", "IRIandCC", NULL };

const struct lib_etsi_member lib_etsi_case[] = {
	OURS("LIID", LIID),
	OURS("CIN", U32),
	OURS("CommunicationIdentifier", OBJECT, 0, communication),
	OURS("SequenceRange", PAIR),
	OURS("DeliveryType", WORD, 0, delivery_types),
	OURS("Privileged", BOOL),
	OURS("Copy", WORD, 0, copies),
	OURS("TimeOfInterception", OBJECT, 0, interception_time),
	OURS("InterceptionPointID", NAME),
	OURS("IntegrityChecks", OBJECT, ETSI_MANY, lib_etsi_integrity),
	OURS("CaseReference", NAME),
	OURS("Remarks", LONG),
	END
};

/* ---- looking things up ---- */

const struct lib_etsi_member *lib_etsi_next(const struct lib_etsi_member *m)
{
	m++;
	return m->name ? m : m->of;
}

const struct lib_etsi_member *lib_etsi_member(const struct lib_etsi_member *members,
					      enum lib_etsi_ns ns, const char *name)
{
	for (; members; members = lib_etsi_next(members))
		if ((ns == ETSI_OURS || ns == members->ns) && !strcmp(members->name, name))
			return members;
	return NULL;
}

const char *lib_etsi_namespace(enum lib_etsi_ns ns)
{
	static const char *const uris[] = {
		[ETSI_CORE] = "http://uri.etsi.org/03120/common/2019/10/Core",
		[ETSI_COMMON] = "http://uri.etsi.org/03120/common/2016/02/Common",
		[ETSI_AUTH] = "http://uri.etsi.org/03120/common/2020/09/Authorisation",
		[ETSI_TASK] = "http://uri.etsi.org/03120/common/2020/09/Task",
		[ETSI_DOC] = "http://uri.etsi.org/03120/common/2020/09/Document",
	};

	return uris[ns];
}
